"""One stream: order, joining, exactly one end, bounds."""

import threading

from echo.generation import Failed, Finished, FinishReason, TextPiece, Timing, TokenStream, Usage

END = Finished(FinishReason.STOP, Usage(), Timing())


def test_neighbouring_pieces_are_joined() -> None:
    stream = TokenStream("r")
    stream.put("Hel", 1)
    stream.put("lo", 2)
    assert stream.take() == [TextPiece("Hello", 3)]
    assert stream.take() == []


def test_pieces_come_before_the_end() -> None:
    stream = TokenStream("r")
    stream.put("a", 1)
    assert not stream.done
    assert stream.end(END)
    assert stream.done
    assert stream.take() == [TextPiece("a", 1), END]


def test_only_the_first_end_counts_and_nothing_comes_after_it() -> None:
    stream = TokenStream("r")
    other = Failed("engine_failed", "no", Usage(), Timing())
    assert stream.end(END)
    assert not stream.end(other)
    stream.put("late", 1)
    assert stream.take() == [END]


def test_many_threads_end_it_once() -> None:
    for _ in range(50):
        stream = TokenStream("r")
        gate = threading.Barrier(4)

        def finish(stream: TokenStream = stream, gate: threading.Barrier = gate) -> None:
            gate.wait()
            stream.end(END)

        threads = [threading.Thread(target=finish) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert stream.take() == [END]


def test_it_is_full_until_its_reader_reads() -> None:
    rooms = []
    stream = TokenStream("r", limit=4, on_room=lambda: rooms.append(1))
    stream.put("abcd", 4)
    assert stream.full
    stream.paused = True
    stream.take()
    assert not stream.full
    assert rooms == [1]


def test_cancel_is_told_once() -> None:
    told = []
    stream = TokenStream("r", on_cancel=lambda: told.append(1))
    stream.cancel()
    stream.cancel()
    assert told == [1]
    assert stream.cancelled
    ended = TokenStream("s", on_cancel=lambda: told.append(1))
    ended.end(END)
    ended.cancel()
    assert told == [1]
