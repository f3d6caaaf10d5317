// The real local engine, with the system clock, on SQLite.
import t from 'tap'
import { engine } from './engine.js'

engine(t, 'sqlite')
