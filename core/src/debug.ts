import createDebug from 'debug';

/** Tells the story of a run on standard error when DEBUG or `--debug` asks for it: `log('pod')('locked %s', uuid)`. */
export const log = (area: string): createDebug.Debugger => createDebug(`rkt:${area}`);

/** What `--debug` does. */
export const enableDebug = (): void => createDebug.enable('rkt:*');
