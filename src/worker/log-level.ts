export const logLevels = ['error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevelName = (typeof logLevels)[number];
