"""`/api/auth/token`: a token for a person, by the same proof and under the same limits as the sign-in."""

from typing import Annotated

from flask import Blueprint, Response
from pydantic import Field

from hmi.api import schemas
from hmi.api.operations import in_json, operation
from hmi.api.reading import Body
from hmi.auth import PUBLIC, requires
from hmi.auth.passwords import TooLong
from hmi.auth.signing_in import Busy, NotProven, TooManyTries
from hmi.auth.tokens import Owes, for_person
from hmi.problems import problem

blueprint = Blueprint("api_auth", __name__, url_prefix="/api/auth")


class Credentials(Body):
    username: Annotated[
        str, Field(min_length=1, max_length=256, pattern=r"^[^\x00]+$", examples=["Ada Lovelace"])
    ]
    password: Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[^\x00]+$", examples=["…"])]
    code: Annotated[str, Field(max_length=30, description="One-time code, where the person has them")] = ""


@blueprint.post("/token")
@requires(PUBLIC)
@operation("A token for a person", schemas.Token, body=Credentials, problems=(429,))
def token(body: Credentials) -> Response:
    """It may do what the person may, and ends with its time, a new password, or a sign-out everywhere. Ten
    wrong tries for a name, sixty from an address, and nothing is looked at for ten minutes.
    """
    try:
        given = for_person(body.username, body.password, body.code)
    except NotProven:
        return problem(401, "Name, password or code is wrong.")
    except TooLong:
        return problem(422, "A password has at most 1024 bytes.")
    except Owes:
        return problem(
            403, "Sign in with a browser first: a new password or a one-time code is to be set up."
        )
    except TooManyTries as error:
        response = problem(429, "Too many tries. Nothing was looked at.")
        response.headers["Retry-After"] = str(int(error.wait_s) + 1)
        return response
    except Busy:
        return problem(503, "Many sign in now: try again in a moment.")
    answer = in_json(schemas.Token(access_token=given.token, expires_in=given.lasts_s))
    answer.headers["Cache-Control"] = "no-store"
    return answer


token.hmi_without_cookies = True  # type: ignore[attr-defined]
