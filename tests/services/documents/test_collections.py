"""Collections of documents: filled, used in chats and folders, shared with roles, and nothing else told."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from echo import limits
from echo.clock import utc_now
from echo.errors import Conflict, InvalidInput, NotFound
from echo.extensions import db
from echo.models import (
    AuditEvent,
    Collection,
    CollectionDocument,
    Conversation,
    Document,
    Folder,
    Message,
    RoleName,
    User,
)
from echo.policies import Right, from_on, up_to
from echo.services.accounts import accounts
from echo.services.documents import (
    bm25,
    collections,
    in_chats,
    prompt,
    ranking,
    search,
    shelf,
    usable,
)
from echo.services.documents.in_chats import NOTHING, Added
from echo.services.people import archive, deletion
from tests.conftest import give_role, switch
from tests.services.documents.test_documents import BIRDS, SHIPS, add
from tests.statements import counted

pytestmark = pytest.mark.slow  # each document is read by a process of its own

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"])
WALRUS = "A walrus wears whiskers. It rests on ice."


@pytest.fixture
def root(make_user: Callable[..., User]) -> User:
    return make_user("root", role=RoleName.ADMIN)


def chat_of(user: User, **values: Any) -> Conversation:
    row = Conversation(user_id=user.id, title="A chat", **values)
    db.session.add(row)
    db.session.commit()
    return row


def shared(owner: User, *rows: Document, role: RoleName = RoleName.USER) -> Collection:
    row = collections.create(owner.id, "Handbook", [each.id for each in rows])
    return collections.share(owner, row.id, role)


def use(owner: Conversation | Folder, ids: list[str]) -> None:
    in_chats.use(owner, in_chats.checked(owner.user_id, ids))
    db.session.commit()


def fits(user: User, chat: Conversation, question: str) -> list[str]:
    """Return the names of the documents whose passages a question in this chat gets."""
    rows = in_chats.looked_in(chat, NOTHING)
    return [one.document.name for one in search.fitting(user.id, rows, question, 8)]


def acts() -> list[str]:
    return [row.act for row in db.session.query(AuditEvent).order_by(AuditEvent.id)]


# ── one's own ───────────────────────────────────────────────────────────────────────────────


@BOTH
def test_a_collection_is_filled_emptied_renamed_and_comes_back(ada: User) -> None:
    birds, ships = add(ada, BIRDS, "birds.md"), add(ada, SHIPS, "ships.txt")
    row = collections.create(ada.id, "  The   sea ", [birds.id, birds.id])
    assert row.name == "The sea"
    collections.change(ada.id, row.id, add=[ships.id, birds.id])
    named = lambda: [one.name for one in collections.documents_of([row.id])[row.id]]  # noqa: E731
    assert named() == ["birds.md", "ships.txt"]
    collections.take_out(ada.id, row.id, birds.id)
    assert named() == ["ships.txt"]
    assert shelf.own(ada.id, birds.id).deleted_at is None
    assert collections.change(ada.id, row.id, name="Sea").updated_at > row.created_at
    collections.remove(ada.id, row.id)
    assert usable.all_of(ada.id) == []
    assert collections.purge_deleted() == 0
    assert [one["documents"] for one in told(ada, collections.restore(ada.id, row.id))] == [
        [{"id": ships.id, "name": "ships.txt"}]
    ]
    assert acts() == []  # nobody else ever saw it


def told(user: User, *rows: Collection) -> list[dict[str, Any]]:
    return collections.all_wire(rows, user.id)


def test_what_is_deleted_goes_for_good_after_some_days(ada: User) -> None:
    row = collections.create(ada.id, "Old", [add(ada, SHIPS).id])
    collections.remove(ada.id, row.id)
    row.deleted_at = utc_now() - timedelta(days=8)
    db.session.commit()
    assert collections.purge_deleted() == 1
    assert db.session.query(CollectionDocument).count() == 0
    assert db.session.query(Document).count() == 1


@BOTH
def test_a_document_that_is_put_into_it_later_is_found_in_chats_that_use_it(ada: User) -> None:
    row, chat = collections.create(ada.id, "Sea"), chat_of(ada)
    use(chat, [row.id])
    assert in_chats.looked_in(chat, NOTHING) == []
    birds = add(ada, BIRDS, "birds.md")
    assert fits(ada, chat, "Where do puffins breed?") == []
    collections.change(ada.id, row.id, add=[birds.id])
    assert fits(ada, chat, "Where do puffins breed?") == ["birds.md"]
    shelf.remove(ada.id, birds.id)
    assert fits(ada, chat, "Where do puffins breed?") == []
    shelf.restore(ada.id, birds.id)
    collections.remove(ada.id, row.id)
    assert fits(ada, chat, "Where do puffins breed?") == []


def test_a_chat_looks_in_its_own_documents_too_and_each_counts_once(ada: User) -> None:
    birds, ships = add(ada, BIRDS, "birds.md"), add(ada, SHIPS, "ships.txt")
    chat = chat_of(ada)
    first = collections.create(ada.id, "First", [birds.id, ships.id])
    second = collections.create(ada.id, "Second", [birds.id])
    shelf.attach(chat.id, ships)
    use(chat, [first.id])
    rows = in_chats.looked_in(chat, Added([ships], [second]))
    assert [row.id for row in rows] == [ships.id, birds.id]


@BOTH
def test_chats_in_a_folder_use_its_collections_until_they_leave_it(ada: User) -> None:
    folder = Folder(user_id=ada.id, name="Sea", position=0, held=[])
    db.session.add(folder)
    db.session.commit()
    row = collections.create(ada.id, "Sea", [add(ada, BIRDS, "birds.md").id])
    use(folder, [row.id])
    chat = chat_of(ada, folder_id=folder.id)
    assert in_chats.ids_of_folders(ada.id, [folder.id]) == {folder.id: [row.id]}
    assert fits(ada, chat, "Where do puffins breed?") == ["birds.md"]
    chat.folder_id = None
    assert fits(ada, chat, "Where do puffins breed?") == []
    use(folder, [])
    assert in_chats.ids_of_folders(ada.id, [folder.id]) == {folder.id: []}


def test_there_are_bounds(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = add(ada, "One."), add(ada, "Two.")
    row, chat = collections.create(ada.id, "Sea", [one.id]), chat_of(ada)
    monkeypatch.setattr(collections, "DOCUMENTS_PER_COLLECTION", 1)
    with pytest.raises(InvalidInput):
        collections.change(ada.id, row.id, add=[two.id])
    collections.change(ada.id, row.id, add=[one.id])  # it is in it
    for name in ("", " \u200b ", "x" * (limits.COLLECTION_NAME_CHARS + 1)):
        with pytest.raises(InvalidInput):
            collections.change(ada.id, row.id, name=name)
    other = collections.create(ada.id, "Other")
    monkeypatch.setattr(in_chats, "COLLECTIONS_PER_CHAT", 1)
    with pytest.raises(InvalidInput):
        use(chat, [row.id, other.id])
    use(chat, [row.id])
    with pytest.raises(InvalidInput):
        in_chats.link(chat, Added(collections=[other]))
    collections.remove(ada.id, other.id)
    monkeypatch.setattr(collections, "COLLECTIONS_PER_PERSON", 1)
    with pytest.raises(Conflict):
        collections.create(ada.id, "One more")
    with pytest.raises(Conflict):
        collections.restore(ada.id, other.id)


def test_what_is_anothers_is_not_found(ada: User, root: User) -> None:
    mine, theirs = add(ada, BIRDS), add(root, SHIPS)
    row, chat = collections.create(root.id, "Theirs", [theirs.id]), chat_of(ada)
    for act in (
        lambda: collections.create(ada.id, "Mine", [theirs.id]),
        lambda: collections.change(ada.id, row.id, add=[mine.id]),
        lambda: collections.change(ada.id, row.id, name="Mine"),
        lambda: collections.take_out(ada.id, row.id, theirs.id),
        lambda: collections.remove(ada.id, row.id),
        lambda: collections.restore(ada.id, row.id),
        lambda: collections.share(ada, row.id, RoleName.USER),
        lambda: usable.one(ada.id, row.id),
        lambda: use(chat, [row.id]),
        lambda: in_chats.wanted(ada.id, [], [row.id]),
    ):
        with pytest.raises(NotFound):
            act()


# ── shared with roles ───────────────────────────────────────────────────────────────────────


@BOTH
def test_a_shared_one_is_used_by_its_role_and_stronger_ones_alone(
    ada: User, root: User, make_user: Callable[..., User]
) -> None:
    analyst = make_user("ann", role=RoleName.ANALYST)
    row = shared(root, add(root, WALRUS, "walrus.txt"), role=RoleName.ANALYST)
    chat = chat_of(analyst)
    use(chat, [row.id])
    assert fits(analyst, chat, "Who wears whiskers?") == ["walrus.txt"]
    assert usable.all_of(ada.id) == []
    with pytest.raises(NotFound):
        usable.one(ada.id, row.id)
    for act in (collections.change, partial(collections.take_out, document_id="x")):
        with pytest.raises(NotFound):
            act(analyst.id, row.id)


@BOTH
@pytest.mark.parametrize("end", ["unshared", "deleted", "reader", "owner", "off", "document"])
def test_what_ends_the_right_ends_it_at_the_next_question(
    end: str, root: User, make_user: Callable[..., User]
) -> None:
    analyst = make_user("ann", role=RoleName.ANALYST)
    document = add(root, WALRUS, "walrus.txt")
    row = shared(root, document, role=RoleName.ANALYST)
    chat = chat_of(analyst)
    use(chat, [row.id])
    (found,) = search.fitting(analyst.id, in_chats.looked_in(chat, NOTHING), "whiskers", 8)
    source = prompt.source(1, found)
    answer = _answer(chat, source)
    assert "whiskers" in prompt.before([source], analyst.id)
    assert usable.cited(analyst.id, document.id, 0, answer.id)[1] == WALRUS

    {
        "unshared": lambda: collections.share(root, row.id, None),
        "deleted": lambda: collections.remove(root.id, row.id),
        "reader": lambda: give_role(analyst, RoleName.USER),
        "owner": lambda: give_role(root, RoleName.ANALYST),
        "off": lambda: switch(root, active=False),
        "document": lambda: shelf.remove(root.id, document.id),
    }[end]()
    assert fits(analyst, chat, "Who wears whiskers?") == []
    assert "whiskers" not in prompt.before([source], analyst.id)
    with pytest.raises(NotFound, match="no longer available"):
        usable.cited(analyst.id, document.id, 0, answer.id)


def _answer(chat: Conversation, source: prompt.Source) -> Message:
    row = Message(
        conversation_id=chat.id,
        user_id=chat.user_id,
        ordinal=1,
        role="assistant",
        text="It wears some [1].",
        sources=[source],
    )
    db.session.add(row)
    db.session.commit()
    return row


def test_no_passage_is_shown_but_a_cited_one(ada: User, root: User) -> None:
    document = add(root, BIRDS, "birds.md")
    row, chat = shared(root, document), chat_of(ada)
    use(chat, [row.id])
    (found, *_) = search.fitting(ada.id, [document], "Where do puffins breed?", 1)
    answer = _answer(chat, prompt.source(1, found))
    assert "burrows" in usable.cited(ada.id, document.id, 0, answer.id)[1]
    with pytest.raises(NotFound):
        usable.cited(ada.id, document.id, 1, answer.id)
    with pytest.raises(NotFound):
        usable.cited(root.id, document.id, 0, answer.id)  # the answer is another's
    with pytest.raises(NotFound):
        shelf.own(ada.id, document.id)


def test_sharing_is_written_down_once_for_each_change(root: User) -> None:
    row = collections.create(root.id, "Handbook")
    for role in (RoleName.USER, RoleName.USER, RoleName.ADMIN, None, None, RoleName.USER):
        collections.share(root, row.id, role)
    collections.remove(root.id, row.id)
    collections.restore(root.id, row.id)
    on, off = "collection.shared", "collection.unshared"
    assert acts() == [on, on, off, on, off, on]
    last = db.session.query(AuditEvent).order_by(AuditEvent.id.desc()).first()
    assert last is not None
    assert (last.actor_id, last.target) == (root.id, f"collections/{row.id}")
    assert last.detail == {"least_role": "user"}


def test_roles_in_their_order() -> None:
    assert up_to(RoleName.ANALYST) == [RoleName.USER, RoleName.ANALYST]
    assert from_on(Right.SHARING) == [RoleName.ADMIN, RoleName.SUPER_ADMIN]


# ── what is outside of a shared collection ──────────────────────────────────────────────────

TWO = "\n\n".join(["The keel creaks." + " Wood." * 80, "The walrus sleeps." + " Ice." * 80])


@BOTH
def test_the_owners_other_documents_are_not_found_and_change_no_order(
    ada: User, root: User
) -> None:
    """Both words weigh the same in what is shared; were the owner's others counted, one would weigh less."""
    document = add(root, TWO, "shared.txt")
    row, chat = shared(root, document), chat_of(ada)
    use(chat, [row.id])

    def found() -> list[tuple[str, int, float]]:
        rows = in_chats.looked_in(chat, NOTHING)
        every = search.fitting(ada.id, rows, "walrus keel", 9)
        return [(one.document.id, one.passage.position, one.score) for one in every]

    before = found()
    assert [each[:2] for each in before] == [(document.id, 0), (document.id, 1)]
    for _ in range(3):
        add(root, "\n\n".join(["keel " * 60] * 8), "private.txt")
    assert found() == before


@BOTH
def test_the_words_of_a_question_are_keyed_by_each_owner(ada: User, root: User) -> None:
    mine, theirs = add(ada, SHIPS, "ships.txt"), add(root, WALRUS, "walrus.txt")
    chat = chat_of(ada)
    own = collections.create(ada.id, "Mine", [mine.id])
    use(chat, [own.id, shared(root, theirs).id])
    assert sorted(fits(ada, chat, "Does a walrus have keels?")) == ["ships.txt", "walrus.txt"]
    assert fits(ada, chat, "Who wears whiskers?") == ["walrus.txt"]
    # with one key for all, either owner's words would be looked for with the other's
    wrong = ranking.Scope(ada.id, (theirs.id,), apart=True)
    assert ranking.by_words(wrong, ranking.wanted("whiskers")) == {}


@BOTH
def test_no_index_that_knows_other_documents_is_read(ada: User, root: User) -> None:
    """So that how long a search takes tells nothing of how often the owner uses a word elsewhere."""
    document = add(root, WALRUS, "walrus.txt")
    scope = ranking.Scope(root.id, (document.id,), apart=True)
    dialect = db.engine.dialect.name
    values: dict[str, Any] = {**scope.values()}
    explain = "EXPLAIN QUERY PLAN "
    if dialect == "postgresql":
        explain = "EXPLAIN "
        db.session.execute(text("SET LOCAL enable_seqscan = off"))  # as with many rows
        db.session.execute(
            text("ALTER TABLE passages DROP CONSTRAINT uq_passages_document_id_position")
        )
    values = {**scope.values(), "query": scope.keys(["walrus"])[0], "most": 9}

    def plan(table: dict[str, str]) -> str:
        return str(db.session.execute(text(explain + scope.sql(table[dialect])), values).all())

    index = "VIRTUAL TABLE" if dialect == "sqlite" else "ix_passages_words"
    assert index in plan(ranking.BY_WORDS)
    assert index not in plan(ranking.APART)


def test_apart_ranks_as_the_index_does_where_all_is_shared(root: User) -> None:
    document = add(root, BIRDS + SHIPS * 4 + TWO, "all.md")
    for question in ("puffins breed cliffs", "gulls fly keel", "walrus", "nothing of that"):
        asked = ranking.wanted(question)
        usual = ranking.by_words(ranking.Scope(root.id, (document.id,)), asked)
        apart = ranking.by_words(ranking.Scope(root.id, (document.id,), apart=True), asked)
        assert apart == usual


def test_of_nothing_nothing_is_ranked() -> None:
    assert bm25.ranked({}, 0, 0) == []
    assert bm25.ranked({}, 3, 30) == []


def test_ones_data_tell_collections_and_what_lies_in_them(ada: User) -> None:
    document, chat = add(ada, SHIPS, "ships.txt"), chat_of(ada)
    row = collections.create(ada.id, "Sea", [document.id])
    use(chat, [row.id])
    with archive.make(ada) as file, zipfile.ZipFile(file) as packed:
        (told_,) = json.loads(packed.read("account.json"))["collections"]
    assert (told_["name"], told_["conversations"]) == ("Sea", [chat.id])
    assert told_["documents"] == [{"id": document.id, "name": "ships.txt"}]


def test_an_account_takes_its_collections_along(ada: User, root: User) -> None:
    row, chat = shared(root, add(root, WALRUS)), chat_of(ada)
    use(chat, [row.id])
    deletion.delete_account(accounts.get(root.id))
    assert db.session.query(Collection).count() == 0
    assert in_chats.of_conversation(chat) == []


@BOTH
def test_what_one_may_not_use_now_stays_chosen_until_one_may_again(ada: User, root: User) -> None:
    gone = collections.create(ada.id, "Gone for a while")
    lent = shared(root, add(root, WALRUS, "walrus.txt"))
    other = collections.create(ada.id, "Other")
    chat, folder = chat_of(ada), Folder(user_id=ada.id, name="A folder", position=0)
    db.session.add(folder)
    db.session.commit()
    for owner in (chat, folder):
        use(owner, [gone.id, lent.id])
    collections.remove(ada.id, gone.id)
    collections.share(root, lent.id, None)
    for owner in (chat, folder):
        use(owner, [other.id])  # all that a page knows of
    collections.restore(ada.id, gone.id)
    collections.share(root, lent.id, RoleName.USER)
    everything = sorted([gone.id, lent.id, other.id])
    assert sorted(in_chats.ids_of_conversations(ada.id, [chat.id])[chat.id]) == everything
    assert sorted(in_chats.ids_of_folders(ada.id, [folder.id])[folder.id]) == everything
    use(chat, [])
    assert in_chats.ids_of_conversations(ada.id, [chat.id])[chat.id] == []


def test_many_documents_take_few_statements(ada: User) -> None:
    ids = [add(ada, f"{BIRDS} {number}", f"{number}.txt").id for number in range(21)]
    with counted() as asked:
        row = collections.create(ada.id, "Many", ids)
    assert len(asked) < 12
    assert len(collections.documents_of([row.id])[row.id]) == 21


def test_who_has_no_collections_is_asked_about_little(ada: User) -> None:
    """They are looked for at each question and at each opening of a chat."""
    chat = chat_of(ada)
    assert chat.members == []  # each question looks that up once, for all that it is about
    with counted() as asked:
        assert not any(vars(in_chats.wanted(ada.id, [], [])).values())
        assert in_chats.looked_in(chat, NOTHING) == []
    assert len(asked) <= 2
    with counted() as asked:
        for rows in (in_chats.of_conversation(chat), in_chats.of_its_folder(chat)):
            assert collections.in_short(rows, ada.id) == []
    assert len(asked) == 1
