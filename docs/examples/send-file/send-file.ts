import { encryptedStore, memoryStore } from 'cliquet';
import { sqliteStore } from 'cliquet/sqlite';

sqliteStore;
Deno.args;
encryptedStore(memoryStore(), 'aa');
