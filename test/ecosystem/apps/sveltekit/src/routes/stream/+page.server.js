export const load = () => ({ now: "at once", later: new Promise((resolve) => setTimeout(resolve, 5, "later")) });
