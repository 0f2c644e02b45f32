import {type Effort, effortOf} from '../../linux/effort.ts';

/** Milliseconds that somebody is waited for at most, however busy the host is. */
const MOST = 60_000;
/** And between two looks at what it does. */
const TICK = 250;

export interface Patience {
  /** Milliseconds after which it has to be asked again. */
  readonly tick: number;
  readonly isOver: () => boolean;
}

/**
 * Begins to wait for what a process does: for `milliseconds` in which it has a processor or is asleep. What a busy host keeps from it, a processor or a disk, does not count; a minute in all.
 */
export const patience = (
  pid: number,
  milliseconds: number,
  look: () => Effort = () => effortOf(pid),
  now: () => number = () => performance.now(),
): Patience => {
  const tick = Math.min(TICK, milliseconds / 10);
  const began = now();
  let [looked, asleep] = [began, 0];
  let before: number | undefined;
  let used = 0;
  return {
    tick,
    isOver: () => {
      const passed = now() - looked;
      // Most answers come before anybody looks.
      if (passed >= tick) {
        const effort = look();
        before ??= effort.used;
        used = effort.used - before;
        // Who has not looked for long does not know what it did meanwhile.
        if (effort.isAsleep) asleep += Math.min(passed, 2 * tick);
        looked = now();
      }
      return used + asleep >= milliseconds || now() - began >= Math.max(milliseconds, MOST);
    },
  };
};
