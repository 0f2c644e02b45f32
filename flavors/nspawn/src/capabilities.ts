import type {App, Pod} from '@rkt/plugin-sdk';

const BIND = 'CAP_NET_BIND_SERVICE';

/**
 * The app with the capabilities that it can have: in a user namespace with the host's network systemd-nspawn leaves out the one for low ports, which would be over no
 * port there. What enters must not have it either.
 */
export const withCapabilities = ({idMap, network}: Pod, app: App): App => {
  if (idMap === undefined || network.mode !== 'host') return app;
  const {bounding, effective, ambient} = app.process.capabilities;
  const without = (names: typeof bounding) => names.filter((name) => name !== BIND);
  const capabilities = {bounding: without(bounding), effective: without(effective), ambient: without(ambient)};
  return {...app, process: {...app.process, capabilities}};
};
