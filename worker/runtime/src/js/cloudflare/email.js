// The module `cloudflare:email` (https://developers.cloudflare.com/email-routing/email-workers/): its class, for bundles that name it.
// nano sends and receives no mail.

class EmailMessage {
  constructor(from, to, raw) {
    this.from = from;
    this.to = to;
    this.raw = raw;
  }
}

export const moduleExports = { __proto__: null, EmailMessage };
