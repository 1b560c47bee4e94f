"""A whole room as fields of plain values, and back: what another process needs to go on with it unnoticed.

One field for each thing that changes by itself, so that a change writes few of them (decision 0060):

| field | what |
|---|---|
| `room`, `bans`, `regretted`, `retracted` | settings; who is banned; joins given up; ids of messages taken back |
| `n` | counters, the history's floor, and the clocks of who wrote it |
| `s:<participant>`, `g:<participant>` | a seat, taken or pending; one that has ended |
| `i:<invite>`, `p:<poll>` | an invite; a poll with its votes |
| `k:<knock>` | somebody who waits to be let in; their connection speaks for them again, or they are gone |
| `e:<seq>` | a durable event, a message with all that happened to it, or what is known of an older message |
| `d:<participant>:<seq>` | what the sender of a message was told |
| `v:<seq>` | what is shown a second time |

Not in it: who types, which belongs to a connection. Signals and calls are beside it (`signaling.state`).
"""
