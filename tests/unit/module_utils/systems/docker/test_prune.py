# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers shared by images, and image names in Compose files."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.prune import (
    chain,
    literal_images,
)


def test_layers_are_the_same_only_on_the_same_layers():
    assert chain(["a", "b"])[0] == chain(["a", "c"])[0]
    assert chain(["x", "b"])[1] != chain(["a", "b"])[1]


def test_names_of_images_are_found_in_files_that_compose_refuses():
    text = """services:
  a: {image: redis:7.4}
  b:
    image: "gitea/gitea:1.21"  # the old one
    environment: [broken
  c:
    image: ${REGISTRY:-docker.io}/x:${TAG}
  d:
    'image' : registry.example.com:5000/y@sha256:abc
    # image: commented/out
    images: no
"""
    assert literal_images(text) == [
        "redis:7.4",
        "gitea/gitea:1.21",
        "${REGISTRY:-docker.io}/x:${TAG}",
        "registry.example.com:5000/y@sha256:abc",
    ]
