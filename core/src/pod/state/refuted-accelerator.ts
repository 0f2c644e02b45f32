import {existsSync, lstatSync, readdirSync} from 'node:fs';
import path from 'node:path';
import type {Settings} from '../../settings.ts';
import {ACCELERATOR_FAILED, podsDirectory} from './layout.ts';

/** When the machines of pods that are still there were started with another accelerator than the one that they were planned with, in milliseconds since 1970. */
export const refutedAt = ({dataDir}: Pick<Settings, 'dataDir'>): number[] =>
  (['run', 'exited-garbage'] as const)
    .map((state) => podsDirectory(dataDir, state))
    .filter((directory) => existsSync(directory))
    .flatMap((directory) => readdirSync(directory).map((uuid) => path.join(directory, uuid, ACCELERATOR_FAILED)))
    .flatMap((file) => lstatSync(file, {throwIfNoEntry: false})?.mtimeMs ?? []);
