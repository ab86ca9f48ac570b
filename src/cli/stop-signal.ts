/**
 * Aborts at the first SIGINT, SIGTERM or SIGHUP, so that the program can end in order; the second one ends it at once. A
 * program that another of ours started (over an IPC channel) ends with it, too, however that ends.
 */
export function stopSignal(onStop?: () => void): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    onStop?.();
    controller.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, stop);
  if (process.connected) {
    process.once('disconnect', stop);
    const letGo = () => {
      // Our own disconnecting is no second wish to stop.
      process.off('disconnect', stop);
      if (process.connected) process.disconnect();
    };
    controller.signal.addEventListener('abort', letGo, { once: true });
  }
  return controller.signal;
}
