import * as z from 'zod/mini';
import {bounded} from './bounded.ts';
import {acName} from './names.ts';
import {maybe, nonEmptyText} from './text.ts';
import {uniqueNames} from './unique.ts';

const MAX_PORT = 65_535;
const range = `a number from 1 to ${MAX_PORT}`;
const portNumber = z.lazy(() => z.int(range).check(z.minimum(1, range), z.maximum(MAX_PORT, range)));

/** A port, or a range of ports, that an app listens on (appc IM-23, IM-24). */
export const port = z.lazy(() =>
  z
    .strictObject({
      name: acName,
      /** Any value; what cannot be forwarded is refused when it is to be forwarded. */
      protocol: nonEmptyText,
      port: portNumber,
      /** Default 1. */
      count: maybe(portNumber),
      /** Default false. */
      socketActivated: maybe(z.boolean()),
    })
    .check(
      z.check((context) => {
        const {port: first, count} = context.value;
        if (first + (count ?? 1) - 1 > MAX_PORT) {
          context.issues.push({
            code: 'custom',
            message: `a range that ends at ${MAX_PORT} or below`,
            path: ['count'],
            input: count,
          });
        }
      }),
    ),
);
export type ImagePort = z.infer<typeof port>;

/** Ports of an app, or ranges of them, at most. */
const MAX_PORTS = 1000;

export const ports = z.lazy(() => z.array(port).check(bounded(MAX_PORTS, 'ports'), uniqueNames));

/** A port of the pod that is exposed on the host (appc PO-13). */
export const exposedPort = z.lazy(() =>
  z.strictObject({
    name: acName,
    hostPort: portNumber,
    hostIP: maybe(
      z
        .string()
        .check(
          z.regex(
            /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/,
            'an IPv4 address in dotted-quad notation',
          ),
        ),
    ),
    podPort: maybe(port),
  }),
);
export type ExposedPort = z.infer<typeof exposedPort>;
