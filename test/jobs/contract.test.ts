// The engines, with the system clock, on SQLite; ledger.test.ts has them on PostgreSQL.
import t from 'tap'
import { contract } from './contract.js'

contract(t, 'sqlite')
