import type createDebug from 'debug';

/*
 * The `debug` package opens standard error as a stream when it is loaded, which costs as much as many a command and can leave a pipe
 * non-blocking for the app. So it is loaded only when somebody wants to read the story.
 */
let create: typeof createDebug | undefined;

/** Tells the story of a run on standard error when DEBUG or `--debug` asks for it: `log('pod')('locked %s', uuid)`. */
export const log = (area: string): ((format: string, ...values: unknown[]) => void) => {
  let tell: ReturnType<typeof createDebug> | undefined;
  return (format, ...values) => {
    if (create === undefined) return;
    tell ??= create(`rkt:${area}`);
    tell(format, ...values);
  };
};

/** Makes {@link log} speak: of everything with `all` (`--debug`), else of what the variable DEBUG names. */
export const enableDebug = async (all: boolean): Promise<void> => {
  // The app gets standard error back as it was.
  (await import('./linux/restore.ts')).rememberStdio();
  const {default: loaded} = await import('debug');
  if (all) loaded.enable('rkt:*');
  create = loaded;
};
