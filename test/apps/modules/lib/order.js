export const order = ["order"];
