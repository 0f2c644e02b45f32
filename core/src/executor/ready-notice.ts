import type {Fd} from '../linux/fd.ts';
import {connectNotifySocket, notifyReady} from '../linux/notify.ts';
import {isSystemError} from '../linux/syscall-error.ts';
import type {ExecutorContext} from './context.ts';

interface ReadyNotice extends Disposable {
  /** Tells that the pod is ready. That it cannot be told keeps no pod from running. */
  readonly give: () => void;
}

/** Connects to whoever wants to be told that the pod is ready, while the host's file system can still be seen; `undefined` if nobody does, or is there. */
export const readyNotice = ({
  facts: {notifySocket},
  note,
}: Pick<ExecutorContext, 'facts' | 'note'>): ReadyNotice | undefined => {
  if (notifySocket === undefined) return undefined;
  const failed = (error: unknown): void => {
    if (!isSystemError(error)) throw error;
    note?.(`${notifySocket} (NOTIFY_SOCKET) cannot be told that the pod is ready: ${(error as Error).message}`);
  };
  let socket: Fd;
  try {
    socket = connectNotifySocket(notifySocket);
  } catch (error) {
    failed(error);
    return undefined;
  }
  return {
    give() {
      try {
        notifyReady(socket);
      } catch (error) {
        failed(error);
      }
    },
    [Symbol.dispose]: () => socket.close(),
  };
};
