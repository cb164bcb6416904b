"""The commands behind the Makefile's targets: up, down, token, agenda, owner."""

import sys

from local.problem import Problem


def main(command: str) -> None:
    # Each command loads what it needs: `token` is called for every pasted curl.
    match command:
        case "up" | "down":
            from local import up
            from local.place import Place

            place = Place.from_environment()
            (up.up if command == "up" else up.down)(place)
        case "token":
            print_token()
        case "agenda":
            from local import agenda

            agenda.main()
        case "owner":
            from local import owner

            owner.main()
        case _:
            raise Problem(f"There is no command {command}.")


def print_token() -> None:
    """The ID token of the local owner, for an hour."""
    from local.api import sign_in
    from local.place import Place

    stack = Place.from_environment().read_stack()
    if not stack:
        raise Problem("No local stack has been up here: `make up` first.")
    owner = stack["users"][0]
    try:
        token = sign_in(
            stack["emulator_url"], stack["staff_client_id"], owner["email"], owner["password"]
        )
    except OSError as error:
        raise Problem("The local stack is not running: `make up` first.") from error
    if token is None:
        raise Problem("The owner's password in stack.json is no longer right: `make up` mends it.")
    print(token)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Problem as problem:
        sys.exit(str(problem))
