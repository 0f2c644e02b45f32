/** The words of a table that is kept as text, so that loading it costs nothing. */
export const words = (table: string): string[] => table.split(/\s+/).filter((word) => word !== '');
