"""Load for `cargo xtask live-lab`: plays an engine worker against a running `lmcache server`.

No GPU and no engine are needed: KV blocks are random tensors in host memory, prompts are token ids out
of a seed. A conversation is what an engine asks of the server: look the prompt up, wait for the
prefetch, take what is there, put what is not, and end the session.

Runs until standard input is closed, or until `--conversations` are done. Prints one JSON line after each
round of conversations, so that whoever started it knows when there is something to see.
"""

import argparse
import json
import os
import random
import select
import sys
import time

LAYERS, BLOCKS, BLOCK_TOKENS, HEADS, HEAD_DIM = 4, 512, 16, 2, 16
MODEL = "live-lab"
WORKER = 7


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True, help="tcp://host:port of the message queue")
    parser.add_argument("--prompts", type=int, default=6, help="different prompts")
    parser.add_argument("--prompt-tokens", type=int, default=1024)
    parser.add_argument("--common-tokens", type=int, default=512, help="tokens that all prompts begin with")
    parser.add_argument("--draw", choices=["turn", "heavy"], default="turn",
                        help="prompts in turn, or by a heavy tail and of several lengths")
    parser.add_argument("--conversations", type=int, help="end after so many")
    parser.add_argument("--requests", help="write one JSON line a conversation into this file")
    parser.add_argument("--timeout", type=float, default=15.0)
    parser.add_argument("--burst", action="store_true", help="look all prompts up at once")
    parser.add_argument("--settle", type=float, default=0.0, help="after the first round of a burst, in seconds")
    parser.add_argument("--pause", type=float, default=0.05, help="between conversations, in seconds")
    return parser.parse_args()


def caches(head_first):
    """One tensor a layer: key and value, blocks, tokens of a block, heads, head size."""
    import torch

    generator = torch.Generator().manual_seed(20)
    shape = (2, BLOCKS, BLOCK_TOKENS, HEADS, HEAD_DIM)
    made = {}
    for layer in range(LAYERS):
        values = torch.randn(shape, generator=generator).to(torch.float16)
        # Releases before 0.5 take host memory with the heads before the tokens.
        made[f"model.layers.{layer}"] = values.transpose(2, 3).contiguous() if head_first else values
    return made


def prompt(number, options):
    """The same token ids for the same number, whatever ran before."""
    def draw(seed, count):
        source = random.Random(seed)
        return [source.randint(100, 31999) for _ in range(count)]

    own = options.prompt_tokens - options.common_tokens
    if options.draw == "heavy":
        own += 256 * (number % 4) + number * 37 % 200
    return tuple(draw("common", options.common_tokens) + draw(f"own {number}", own))


def order(options):
    """Numbers of prompts for ever: in turn, or popular ones again and again out of a seed."""
    source, count = random.Random("order"), 0
    while True:
        heavy = int(options.prompts * source.random() ** 3)
        yield heavy if options.draw == "heavy" else count % options.prompts
        count += 1


class Since05:
    """Client classes of LMCache 0.5 and later."""

    head_first = False

    def __init__(self, options):
        import zmq
        from lmcache.v1.multiprocess.transport.factory import RequestClientFactory

        self.timeout = options.timeout
        self.context = zmq.Context()
        self.context.setsockopt(zmq.LINGER, 0)
        self.client = RequestClientFactory.create(options.server, context=self.context)
        self.chunk = int(self.done(self.client.get_chunk_size()))

    def done(self, future):
        return future.result(timeout=self.timeout)

    def register(self, tensors):
        from lmcache.utils import EngineType
        from lmcache.v1.multiprocess.group_view import EngineGroupInfo
        from lmcache.v1.multiprocess.transfer_context import create_transfer_context

        self.tensors = tensors
        self.blocks_of_chunk = self.chunk // BLOCK_TOKENS
        group = EngineGroupInfo(
            engine_group_id=0, layer_indices=tuple(range(LAYERS)), tokens_per_block=BLOCK_TOKENS
        )
        self.transfer = create_transfer_context(
            tensors, mode="lmcache_driven", instance_id=WORKER, req_client=self.client
        )
        self.transfer.register(
            tensors, MODEL, 1, self.blocks_of_chunk, self.timeout,
            layout_hints={"kv_layout": "NHD"}, engine_group_infos=[group], engine_type=EngineType.VLLM,
        )

    def key(self, tokens, request, begin, end, worker):
        from lmcache.v1.multiprocess.custom_types import IPCCacheServerKey

        return IPCCacheServerKey(
            model_name=MODEL, world_size=1, num_kv_readers=1, worker_id=worker, token_ids=tokens,
            start=begin, end=end, request_id=request, cache_salt="",
        )

    def look_up(self, key):
        self.done(self.client.lookup(key, 1))

    def prefetched(self, request):
        return self.done(self.client.query_prefetch_status(request))

    def take(self, request, key, blocks):
        event = self.transfer.create_recorded_event()
        return self.done(self.transfer.submit_retrieve(
            request, key, self.tensors, [blocks], event, self.blocks_of_chunk, skip_first_n_tokens=0
        ))

    def put(self, request, key, blocks):
        event = self.transfer.create_recorded_event()
        return self.done(self.transfer.submit_store(
            request, key, self.tensors, [blocks], event, self.blocks_of_chunk
        ))

    def end(self, request):
        self.done(self.client.end_session(request))

    def leave(self):
        self.transfer.flush_inflight_stores()
        future = self.transfer.unregister()
        if future is not None:
            self.done(future)


class Before05:
    """Client classes of LMCache 0.4, with `--transfer-mode non_gpu` on the server."""

    head_first = True

    def __init__(self, options):
        import zmq
        from lmcache.v1.multiprocess.mq import MessageQueueClient
        from lmcache.v1.multiprocess.protocol import RequestType

        self.kinds = RequestType
        self.timeout = options.timeout
        self.context = zmq.Context()
        self.context.setsockopt(zmq.LINGER, 0)
        self.queue = MessageQueueClient(options.server, self.context)
        self.chunk = int(self.ask("GET_CHUNK_SIZE"))

    def ask(self, kind, *payload):
        return self.queue.submit_request(self.kinds[kind], list(payload)).result(timeout=self.timeout)

    def register(self, tensors):
        from lmcache.v1.multiprocess.transfer_context import DataTransferContext

        self.tensors = tensors
        self.blocks_of_chunk = self.chunk // BLOCK_TOKENS
        self.transfer = DataTransferContext()
        self.transfer.register(
            WORKER, tensors, MODEL, 1, self.blocks_of_chunk, self.queue, self.timeout,
            lambda queue, kind, payload: queue.submit_request(kind, payload),
            layout_hints={"kv_layout": "NHD"},
        )

    def key(self, tokens, request, begin, end, worker):
        from lmcache.v1.multiprocess.custom_types import IPCCacheEngineKey

        return IPCCacheEngineKey(
            model_name=MODEL, world_size=1, worker_id=worker, token_ids=tokens, start=begin, end=end,
            request_id=request, cache_salt="",
        )

    def look_up(self, key):
        self.ask("LOOKUP", key, 1)

    def prefetched(self, request):
        return self.ask("QUERY_PREFETCH_STATUS", request)

    def moved(self, submit, request, key, blocks):
        return submit(request, key, WORKER, self.tensors, blocks, None, self.blocks_of_chunk).result(
            timeout=self.timeout
        )

    def take(self, request, key, blocks):
        return self.moved(self.transfer.submit_retrieve, request, key, blocks)

    def put(self, request, key, blocks):
        return self.moved(self.transfer.submit_store, request, key, blocks)

    def end(self, request):
        self.ask("END_SESSION", request)

    def leave(self):
        self.ask("UNREGISTER_KV_CACHE", WORKER)


def ask(worker, request, tokens):
    whole = len(tokens) // worker.chunk * worker.chunk
    worker.look_up(worker.key(tokens, request, 0, whole, None))
    return whole


def converse(worker, request, tokens, options, totals):
    began, clock = time.time(), time.perf_counter()
    ask(worker, request, tokens)
    chunks, give_up = None, time.monotonic() + options.timeout
    while chunks is None and time.monotonic() < give_up:
        chunks = worker.prefetched(request)
        if chunks is None:
            time.sleep(0.01)
    row = {"request_id": request, "t": round(began, 6), "cache_salt": "", "tokens": len(tokens),
           "hit_chunks": chunks or 0, "lookup_ms": passed(clock)}
    return row | move(worker, request, tokens, chunks or 0, totals)


def move(worker, request, tokens, chunks, totals):
    """Takes the chunks that are there, puts those that are not, and ends the session."""
    whole = len(tokens) // worker.chunk * worker.chunk
    there = chunks * worker.chunk
    blocks = list(range(1, 1 + whole // BLOCK_TOKENS))
    split = there // BLOCK_TOKENS
    row = {}
    if there:
        clock = time.perf_counter()
        ok = worker.take(request, worker.key(tokens, request, 0, there, 0), blocks[:split])
        totals["taken" if ok else "failed"] += there if ok else 1
        row |= {"retrieve_ok": bool(ok), "retrieve_ms": passed(clock)}
    if there < whole:
        clock = time.perf_counter()
        ok = worker.put(request, worker.key(tokens, request, there, whole, 0), blocks[split:])
        totals["put" if ok else "failed"] += whole - there if ok else 1
        row |= {"store_ok": bool(ok), "store_ms": passed(clock)}
    worker.end(request)
    totals["asked"] += whole
    totals["found"] += there
    return row


def passed(clock):
    return round((time.perf_counter() - clock) * 1000, 3)


def burst(worker, options, totals):
    """All prompts looked up at once; while they are waited for, what was computed beyond prompts is put."""
    waiting = {}
    for number in range(options.prompts):
        request, tokens = f"live-{totals['rounds']}-{number}", prompt(number, options)
        ask(worker, request, tokens)
        waiting[request] = tokens
    new, give_up = 0, time.monotonic() + options.timeout
    while waiting and time.monotonic() < give_up and not stopped():
        for request in list(waiting):
            chunks = worker.prefetched(request)
            if chunks is not None:
                move(worker, request, waiting.pop(request), chunks, totals)
        if totals["rounds"] > 0:
            request = f"grown-{totals['rounds']}-{new}"
            move(worker, request, prompt(f"{totals['rounds']} {new}", options), 0, totals)
            new += 1
        time.sleep(options.pause)


def stopped():
    """Whether whoever started this closed its end."""
    ready, _, _ = select.select([sys.stdin], [], [], 0)
    return bool(ready) and not sys.stdin.buffer.read1(1)


def main():
    options = arguments()
    try:
        import lmcache.v1.multiprocess.transport.factory  # noqa: F401
        api = Since05
    except ImportError:
        api = Before05
    worker = api(options)
    worker.register(caches(api.head_first))
    totals = dict.fromkeys(("rounds", "asked", "found", "taken", "put", "failed"), 0)
    if options.burst:
        while not stopped():
            burst(worker, options, totals)
            if totals["rounds"] == 0:
                time.sleep(options.settle)
            totals["rounds"] += 1
            print(json.dumps(totals), flush=True)
        worker.leave()
        return
    numbers, done = order(options), 0
    with open(options.requests or os.devnull, "w", encoding="utf-8") as requests:
        while not stopped() and done != options.conversations:
            number = next(numbers)
            request = f"live-{totals['rounds']}-{number}-{done}"
            row = converse(worker, request, prompt(number, options), options, totals)
            requests.write(json.dumps(row) + "\n")
            time.sleep(options.pause)
            done += 1
            if done % options.prompts == 0 or done == options.conversations:
                totals["rounds"] += 1
                print(json.dumps(totals), flush=True)
    worker.leave()


if __name__ == "__main__":
    code = 0
    try:
        main()
    except Exception as error:  # a server that was stopped or killed is part of the plan
        print(json.dumps({"error": f"{type(error).__name__}: {error}"[:300]}), flush=True)
        code = 1
    # Threads of the client would wait for a server that is gone.
    sys.stdout.flush()
    os._exit(code)
