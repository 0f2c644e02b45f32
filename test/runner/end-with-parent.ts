// A test process that nobody listens to any more ends, and with it what reads from it.
process.once('disconnect', () => process.exit(1));
