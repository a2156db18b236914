// node:_tls_common, which older packages name.

import { moduleExports as tls } from "./tls.js";

const { SecureContext, createSecureContext } = tls;

export const moduleExports = { SecureContext, createSecureContext, translatePeerCertificate: () => null };
