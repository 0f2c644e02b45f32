import {hasPrefix} from '../../config/config.ts';
import type {HostFacts} from '../../contract/host.ts';
import {unmet} from '../negotiation/host-can.ts';
import type {HostMatch, Match, Rule, SubjectApp} from './policy.ts';

/** Why a rule is not about an app on this host; `undefined` if it is. */
export const mismatch = ({match = {}, except}: Rule, app: SubjectApp, host: HostFacts): string | undefined =>
  conditions(match, app, host).find((condition) => condition !== undefined) ??
  (except !== undefined && conditions(except, app, host).every((condition) => condition === undefined)
    ? `excepted: ${[
        ...(except.images === undefined ? [] : [`image ${app.image.name}`]),
        ...(except.host === undefined ? [] : ['this host']),
      ].join(' on ')}`
    : undefined);

/** For each condition that is given, why it does not hold. */
const conditions = (
  {images, labels, annotations, users, isolators, host: hostMatch}: Match,
  app: SubjectApp,
  host: HostFacts,
): (string | undefined)[] => [
  images === undefined || images.some((prefix) => hasPrefix(app.image.name, prefix))
    ? undefined
    : `image ${app.image.name} begins with none of ${images.join(', ')}`,
  ...Object.entries(labels ?? {}).map(([name, wanted]) => {
    const value = Object.hasOwn(app.labels, name) ? app.labels[name] : undefined;
    return value !== undefined && wanted.includes(value)
      ? undefined
      : `label ${name} is ${value === undefined ? 'not there' : `"${value}"`}`;
  }),
  ...Object.entries(annotations ?? {}).map(([name, wanted]) => {
    const found = Object.hasOwn(app.annotations, name) ? (app.annotations[name] ?? []) : [];
    return found.some((value) => wanted.includes(value))
      ? undefined
      : `annotation ${name} is ${found.length === 0 ? 'not there' : found.map((value) => `"${value}"`).join(' and ')}`;
  }),
  users === undefined ||
  users.some((user) => (user === 'root' ? app.uid === 0 : user === 'other' ? app.uid !== 0 : user === app.uid))
    ? undefined
    : `user ${app.uid} is not one of ${users.join(', ')}`,
  isolators === undefined || isolators.some((name) => app.isolators.includes(name))
    ? undefined
    : `none of ${isolators.join(', ')} is asked for`,
  ...(hostMatch === undefined ? [] : hostConditions(hostMatch, host)),
];

const hostConditions = ({arch, has = [], lacks = []}: HostMatch, host: HostFacts): (string | undefined)[] => [
  arch === undefined || arch.includes(host.arch) ? undefined : `this host is ${host.arch}`,
  ...has.map((requirement) => unmet(requirement, host)),
  ...lacks.map((requirement) => (unmet(requirement, host) === undefined ? `this host has ${requirement}` : undefined)),
];
