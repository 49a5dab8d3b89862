// The parts of the store: what a kind of record is kept under, and whether all of it is in memory.

import type { Struct } from '../wire/codec.ts';

/** A named part of the store, with one kind of record. */
export interface Table<T> {
  readonly name: string;
  readonly struct: Struct<T>;
}

/** A kind of record that may grow for ever: it stays in the store, and is read when somebody asks. */
export interface Archive<T> extends Table<T> {
  readonly isArchive: true;
}

export const table = <T>(name: string, of: Struct<T>): Table<T> => ({ name, struct: of });

export const archive = <T>(name: string, of: Struct<T>): Archive<T> => ({ name, struct: of, isArchive: true });
