/** 8 MiB of each log. */
export const DEFAULT_LOG_SIZE = 8_388_608;
