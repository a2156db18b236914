// node:trace_events: nothing is traced.

class Tracing {
  #categories;

  constructor(options) {
    this.#categories = `${options?.categories ?? ""}`;
  }

  get categories() {
    return this.#categories;
  }

  get enabled() {
    return false;
  }

  enable() {}

  disable() {}
}

export const moduleExports = { createTracing: (options) => new Tracing(options), getEnabledCategories: () => undefined };
