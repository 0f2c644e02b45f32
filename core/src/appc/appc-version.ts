/** The version of appc that rkt implements, and writes into manifests. */
export const APPC_VERSION = '0.8.11';
