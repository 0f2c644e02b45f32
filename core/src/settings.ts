import type {HostPath} from './contract/names.ts';

/** rkt's `--insecure-options`, expanded: `all-fetch`, `all-run` and `all` never occur here. */
export type InsecureOption = 'image' | 'tls' | 'ondisk' | 'http' | 'pubkey' | 'capabilities' | 'paths' | 'seccomp';

/** What everything that works on a data directory gets: where things are, and what the operator allows. */
export interface Settings {
  readonly dataDir: HostPath;
  readonly systemConfig: HostPath;
  readonly localConfig: HostPath;
  readonly userConfig: HostPath | undefined;
  readonly insecure: ReadonlySet<InsecureOption>;
  readonly debug: boolean;
  /** Tells the operator what is no error. */
  readonly note: (text: string) => void;
  /** The same for a person at a terminal alone. */
  readonly remark: (text: string) => void;
}
