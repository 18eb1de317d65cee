"""Decides on the first open defect of the newest part: python client.py URL USER PASSWORD okay|scrap"""

import json
import sys
import uuid
from urllib.request import Request, urlopen


def ask(url: str, token: str = "", method: str = "GET", body: dict | None = None) -> dict:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = json.dumps(body).encode() if body is not None else None
    with urlopen(Request(url, data, headers, method=method), timeout=10) as answer:  # noqa: S310
        return json.load(answer)


def main(url: str, user: str, password: str, word: str) -> str:
    body = {"username": user, "password": password}
    token = ask(f"{url}/api/auth/token", method="POST", body=body)["access_token"]
    latest = ask(f"{url}/api/images/latest", token)
    if not latest["is_live"]:
        return f"old: {latest['trouble']}"
    images = [one["image"] for one in latest["items"] if one["image"] and one["image"]["undecided"]]
    for image in images:
        for defect in ask(f"{url}/api/defects/image/{image['id']}", token)["items"]:
            if defect["verdict"] in ("fail", "review", "unusable") and defect["decision"] is None:
                wish = {"disposition": word, "state": defect["state"], "key": uuid.uuid4().hex}
                done = ask(f"{url}/api/defects/{defect['id']}", token, "PATCH", wish)
                return f"part {image['serial']}: defect {defect['id']} {done['decision']['word']}"
    return "nothing to decide on"


if __name__ == "__main__":
    print(main(*sys.argv[1:]))  # noqa: T201
