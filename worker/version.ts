/** The relay's version, as /v1/info tells it; a test compares it with package.json. */
export const version = '0.1.0';
