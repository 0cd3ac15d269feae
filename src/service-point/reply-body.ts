/** The first child of a reply's Body: XML text, or pieces of it with payload bytes between. */
export type ReplyBody = string | readonly (string | Uint8Array)[];
