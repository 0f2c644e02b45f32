/**
 * Milliseconds since a time that was noted. One that is still to come was noted when the clock was ahead, nobody knows when: its age is 0, and counts from now on.
 * @param noteAnew notes that it is now
 */
export const ageSince = (noted: number, noteAnew: () => void, now = Date.now()): number => {
  if (noted <= now) return now - noted;
  noteAnew();
  return 0;
};
