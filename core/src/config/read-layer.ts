import type {HostPath} from '../contract/names.ts';
import {type Accelerator, type Auth, type BasicCredentials, type Config, plainPrefix} from './config.ts';
import {configDuplicate} from './errors.ts';
import type {ConfigFile} from './kinds.ts';
import {readFile} from './read-file.ts';

/** Reads the files of one layer, none of which may set what another sets. @throws RKT_CONFIG_… */
export const readLayer = (files: readonly string[]): Config => {
  const auth = new Map<string, Auth>();
  const dockerAuth = new Map<string, BasicCredentials>();
  const image = new Map<string, readonly string[]>();
  const paths: {data?: HostPath; stage1Images?: HostPath; receiptKey?: HostPath} = {};
  const stage1: {
    flavor?: string;
    name?: string;
    version?: string;
    location?: string;
    accelerator?: Accelerator;
    templates?: boolean;
    kernel?: string;
    initramfs?: string;
  } = {};
  const seen = new Map<string, string>();

  const claim = (file: string, kind: string, key: string): void => {
    const id = `${kind}\0${key}`;
    const earlier = seen.get(id);
    if (earlier !== undefined) throw configDuplicate(file, kind, key, earlier);
    seen.set(id, file);
  };
  const take = (file: string, content: ConfigFile): void => {
    switch (content.rktKind) {
      case 'auth':
        for (const domain of content.domains) {
          claim(file, 'auth', domain);
          const {type, credentials} = content;
          // The schema has paired the two.
          auth.set(domain, {type, credentials} as Auth);
        }
        break;
      case 'dockerAuth':
        for (const registry of content.registries) {
          claim(file, 'dockerAuth', registry);
          dockerAuth.set(registry, content.credentials);
        }
        break;
      case 'image':
        // Two spellings of one would not override each other, and what a later layer takes back would stay (S13).
        for (const prefix of content.prefixes.map(plainPrefix)) {
          claim(file, 'image', prefix);
          image.set(prefix, content.accept);
        }
        break;
      case 'paths':
        if (content.data) {
          claim(file, 'paths', 'data');
          paths.data = content.data as HostPath;
        }
        if (content['stage1-images']) {
          claim(file, 'paths', 'stage1-images');
          paths.stage1Images = content['stage1-images'] as HostPath;
        }
        if (content['receipt-key']) {
          claim(file, 'paths', 'receipt-key');
          paths.receiptKey = content['receipt-key'] as HostPath;
        }
        break;
      case 'stage1':
        for (const field of ['flavor', 'name', 'version', 'location', 'kernel', 'initramfs'] as const) {
          const value = content[field];
          if (!value) continue;
          claim(file, 'stage1', field);
          stage1[field] = value;
        }
        if (content.accelerator) {
          claim(file, 'stage1', 'accelerator');
          stage1.accelerator = content.accelerator;
        }
        if (content.templates !== undefined) {
          claim(file, 'stage1', 'templates');
          stage1.templates = content.templates;
        }
        break;
      default:
        content satisfies never;
    }
  };
  for (const file of files) take(file, readFile(file));
  return {auth, dockerAuth, image, paths, stage1};
};
