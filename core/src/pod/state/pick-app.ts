import {appAmbiguous, appUnknown} from '../errors.ts';

/** The app that a command is about: the one that was named, or the only one. */
export const pickApp = <A extends {readonly name: string}>(
  uuid: string,
  apps: readonly A[],
  wanted: string | undefined,
): A => {
  const names = apps.map(({name}) => name);
  const [only, second] = apps;
  if (wanted !== undefined) {
    const app = apps.find(({name}) => name === wanted);
    if (app === undefined) throw appUnknown(uuid, wanted, names);
    return app;
  }
  if (only === undefined || second !== undefined) throw appAmbiguous(uuid, names);
  return only;
};
