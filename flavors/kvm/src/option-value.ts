/** A value in an option of QEMU, where a comma separates and two are one. */
export const optionValue = (value: string): string => value.replaceAll(',', ',,');
