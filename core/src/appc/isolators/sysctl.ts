import * as z from 'zod/mini';

/**
 * The kernel parameters that belong to a namespace of the pod (network, ipc); every other one is the host's. A `/` stands for a dot inside
 * a name, as in sysctl(8); nothing but dots would be a directory itself, or the one above.
 */
const NAMESPACED =
  /^(?:net(?:\.(?!\/+(?:\.|$))[A-Za-z0-9_/-]+)+|fs\.mqueue\.[a-z_]+|kernel\.(?:msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced))$/;

/** Keys of the host are refused with the pod. */
export const sysctl = z.lazy(() =>
  z.pipe(
    z.record(
      z
        .string()
        .check(
          z.regex(
            NAMESPACED,
            'a kernel parameter of the pod: net.*, fs.mqueue.*, kernel.shm*, kernel.msg*, kernel.sem',
          ),
          z.maxLength(255, 'a name of at most 255 characters'),
        ),
      z.string().check(z.regex(/^[^\0\n]*$/, 'one line of text'), z.maxLength(4096, 'at most 4096 characters')),
    ),
    z.transform((values) => ({values})),
  ),
);
