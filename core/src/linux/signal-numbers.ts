/** The numbers of signals by name. Loaded when needed: node:os takes as long as a step of a pod, and most commands send none. */
export const signalNumbers = (): Readonly<Record<NodeJS.Signals, number>> =>
  process.getBuiltinModule('node:os').constants.signals;
