/** `.isolators["resource/memory"].level` */
export const pathOf = (path: readonly PropertyKey[]): string =>
  path.map((key) => (typeof key === 'string' && /^\w+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`)).join('');
