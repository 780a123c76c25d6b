"""The same forty people, their teams and projects in both applications."""

from __future__ import annotations

import random
from dataclasses import dataclass

KOREAN = """
김민준:minjun.kim 이서연:seoyeon.lee 박도윤:doyun.park 최지우:jiwoo.choi 정하준:hajun.jung 강서현:seohyun.kang
조은우:eunwoo.cho 윤수아:sua.yoon 장시우:siwoo.jang 임하은:haeun.lim 한지호:jiho.han 오예린:yerin.oh
서준서:junseo.seo 신채원:chaewon.shin 권유진:yujin.kwon 황태민:taemin.hwang
"""
OTHERS = """
Anna Bergstrom, Ben Carter, Carla Mendes, David Okafor, Elena Rossi, Felix Wagner, Grace Mwangi, Hugo Laurent,
Ines Kowalska, Jonas Lindqvist, Katja Novak, Liam Murphy, Maya Patel, Nils Haugen, Olga Petrova, Pablo Serrano,
Quinn Fraser, Rosa Almeida, Samuel Levi, Tessa van Dijk, Umar Siddiqui, Vera Horvat, Wei Zhang, Zoe Papadakis
"""
PROJECTS_PER_PERSON = 4
# A person who has left: every stack has accounts that may not sign in.
LOCKED = 17
TEAMS = ("Platform", "Operations", "Design")
PROJECTS = (
    ("customer-portal", "Customer portal"),
    ("billing", "Billing and invoices"),
    ("mobile-app", "Mobile application"),
    ("data-platform", "Data platform"),
    ("infra", "인프라 운영"),
    ("security-program", "보안 강화 프로그램"),
    ("website", "Website relaunch"),
    ("intranet", "사내 포털 개편"),
    ("hr-tools", "HR tools"),
    ("logistics", "Logistics integration"),
    ("research", "Research and prototypes"),
    ("support-desk", "고객 지원 센터"),
)


@dataclass(frozen=True)
class Person:
    login: str
    first_name: str
    last_name: str
    language: str

    @property
    def full_name(self) -> str:
        if self.language == "ko":
            return self.last_name + self.first_name
        return f"{self.first_name} {self.last_name}"

    @property
    def mail(self) -> str:
        return f"{self.login}@example.com"


def all_people() -> list[Person]:
    people = []
    for entry in KOREAN.split():
        name, login = entry.split(":")
        people.append(Person(login, name[1:], name[0], "ko"))
    for name in OTHERS.replace("\n", " ").split(","):
        first, last = name.strip().split(" ", 1)
        people.append(Person(f"{first}.{last}".lower().replace(" ", ""), first, last, "en"))
    random.Random("people").shuffle(people)
    return people
