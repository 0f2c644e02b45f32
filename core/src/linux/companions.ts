/*
 * Programs that help this process for longer than one call. They must be gone before it becomes another program, which would have children that it knows nothing of.
 */

const companions = new Set<() => void>();

/** Keeps in mind what ends a companion, and reaps it; it may be called more than once. */
export const accompany = (end: () => void): void => {
  companions.add(end);
};

/** Returns when nothing is left of any companion. */
export const dismissCompanions = (): void => {
  for (const end of companions) {
    companions.delete(end);
    end();
  }
};
