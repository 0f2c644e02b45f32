import {readSync, writeSync} from 'node:fs';
import type {Fd} from '../../linux/fd.ts';
import {setNonBlocking} from '../../linux/fd-flags.ts';
import {POLLIN, POLLOUT, poll} from '../../linux/poll.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import type {Patience} from './patience.ts';
import {MAX_PLAN} from './plain-steps.ts';

const MAX_MESSAGES = 65_536;
/** What one of the pipes should hold. */
export const CHUNK = 1024 * 1024;
const NEWLINE = 0x0a;

/** The ends of this process of the pipes to the one that it asks. */
export interface Ends {
  readonly questions: Fd;
  readonly answers: Fd;
  readonly messages: Fd;
}

/** What has come, and why the wait has ended: a whole line, the end, too many bytes, or too much time. */
export interface Reply {
  readonly bytes: Buffer;
  readonly because: 'line' | 'end' | 'long' | 'late';
}

/** Asks and waits for answers synchronously, without the event loop of Node.js. */
export interface Exchange {
  /** @param isLast there is no other question: the answer is all that comes */
  readonly ask: (question: Buffer, patience: Patience, isLast?: boolean) => Reply;
  /** Takes what has been written besides the answers, of bounded length. */
  readonly takeMessages: () => string;
}

/** Asks whoever has the other ends. */
export const exchangeBy = ({questions, answers, messages}: Ends): Exchange => {
  for (const {number} of [questions, answers, messages]) setNonBlocking(number, true);
  const heard = listen(messages);

  const ask = (question: Buffer, patience: Patience, isLast = false): Reply => {
    const parts: Buffer[] = [];
    let [sent, size] = [0, 0];
    const reply = (because: Reply['because']): Reply => {
      // What it said before it answered is there.
      if (heard.isOpen()) heard.read();
      return {bytes: Buffer.concat(parts), because};
    };
    for (;;) {
      const isOver = patience.isOver();
      const [mayRead] = poll(
        [
          {fd: answers.number, wanted: POLLIN},
          ...(heard.isOpen() ? [{fd: messages.number, wanted: POLLIN}] : []),
          ...(sent < question.length ? [{fd: questions.number, wanted: POLLOUT}] : []),
        ],
        isOver ? 0 : patience.tick,
      );
      if (heard.isOpen()) heard.read();
      if (sent < question.length) {
        sent += send(questions, question.subarray(sent));
        if (isLast && sent === question.length) questions.close();
      }
      const part = mayRead === true ? receive(answers) : undefined;
      if (part?.length === 0) return reply('end');
      if (part !== undefined) {
        parts.push(part);
        size += part.length;
        if (size > MAX_PLAN) return reply('long');
        if (!isLast && part.at(-1) === NEWLINE) return reply('line');
      }
      // It has been looked for once more: on a busy host this process waits, too.
      if (isOver) return reply('late');
    }
  };
  return {ask, takeMessages: heard.take};
};

const listen = (fd: Fd) => {
  let said = Buffer.alloc(0);
  let isOpen = true;
  return {
    isOpen: () => isOpen,
    /** Once, and no more than there can be at once: it may say things faster than they are heard. */
    read: () => {
      const part = receive(fd);
      if (part?.length === 0) isOpen = false;
      if (part !== undefined) said = Buffer.concat([said, part]).subarray(-MAX_MESSAGES);
    },
    take: () => {
      const text = said.toString();
      said = Buffer.alloc(0);
      return text;
    },
  };
};

const received = Buffer.allocUnsafe(CHUNK);

/** `undefined` if there is nothing now, empty if there never will be. */
const receive = (fd: Fd): Buffer | undefined => {
  try {
    return Buffer.from(received.subarray(0, readSync(fd.number, received)));
  } catch (error) {
    if (isErrno(error, 'EAGAIN')) return undefined;
    throw error;
  }
};

/** How many bytes were taken. One that does not read is not going to answer, so this waits for it. */
const send = (fd: Fd, bytes: Buffer): number => {
  try {
    return writeSync(fd.number, bytes);
  } catch (error) {
    if (isErrno(error, 'EAGAIN')) return 0;
    if (isErrno(error, 'EPIPE')) return bytes.length;
    throw error;
  }
};
