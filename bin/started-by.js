// Notes who started this process before anything else is read: that may end meanwhile. src/app/npm-parent.ts uses it.
process.env.EASEL_STARTED_BY = String(process.ppid);
