"""Names of the rooms: who hears what. Knows no sockets."""


def of_conversation(conversation_id: str) -> str:
    """Every tab that watches this conversation."""
    return f"conversation:{conversation_id}"


def of_user(user_id: int) -> str:
    """Every tab of this user."""
    return f"user:{user_id}"


def of_device(device_id: str) -> str:
    """Every tab of this signed-in browser."""
    return f"device:{device_id}"
