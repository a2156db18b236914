import { order } from "../order.js";
order.push("answer");
export const answer = 42;
