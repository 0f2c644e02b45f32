import {APPC_VERSION} from '../../appc/appc-version.ts';
import type {ImageManifest} from '../../appc/image-manifest.ts';
import {checkImageManifest} from '../../appc/parse-image-manifest.ts';
import {imageBuildInvalid} from '../errors.ts';
import {HOST_ARCH} from '../platform.ts';

export interface ManifestOptions {
  readonly name: string;
  /** `key=value`; `os` and `arch` default to this host's. */
  readonly labels: readonly string[];
  /** Program and arguments; without any the image has no app. */
  readonly exec: readonly string[];
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  readonly annotations?: readonly {readonly name: string; readonly value: string}[];
}

/** The manifest of an image that is described by flags. @throws RKT_IMAGE_BUILD_INVALID, RKT_IMAGE_MANIFEST_INVALID */
export const makeManifest = ({
  name,
  labels,
  exec,
  user = '0',
  group = '0',
  annotations = [],
}: ManifestOptions): ImageManifest => {
  const given = labels.map((text): [string, string] => {
    const equals = text.indexOf('=');
    if (equals <= 0) throw imageBuildInvalid(`the label "${text}" is not KEY=VALUE`);
    return [text.slice(0, equals), text.slice(equals + 1)];
  });
  const has = (label: string) => given.some(([key]) => key === label);
  const os: [string, string][] = has('os') ? [] : [['os', 'linux']];
  const arch: [string, string][] = has('arch') || has('os') ? [] : [['arch', HOST_ARCH]];
  return checkImageManifest({
    acKind: 'ImageManifest',
    acVersion: APPC_VERSION,
    name,
    labels: [...given, ...os, ...arch].map(([key, value]) => ({name: key, value})),
    ...(annotations.length === 0 ? {} : {annotations}),
    ...(exec.length === 0 ? {} : {app: {exec, user, group}}),
  });
};
