export const load = () => {
  throw new Error("inside");
};
