"""What the server tells the application of a request, in its environment."""

# Why the server could not take a request as it came: the application says so in the reader's language.
REFUSAL = "rabisco.refusal"
BUSY = "busy"
STORAGE = "storage"
# When the whole request was here (``time.perf_counter``), and the event that is set once nobody waits for its answer.
STARTED = "rabisco.started"
GONE = "rabisco.gone"
# How many streams of events are open now; under any other server the key is missing.
OPEN_STREAMS = "rabisco.open_streams"
# How long the server waits after a stream had no news.
PAUSE_SECONDS = 0.5
