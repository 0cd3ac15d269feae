/** The name of a messaging engine, as the topology and every endpoint reference write it. */
export type EngineName = string;
/** The name of a server, as the topology writes it. */
export type ServerName = string;

/** Names go into paths, files and headers: letters, digits, `.`, `_`, `-`; the first a letter or digit; at most 64. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
