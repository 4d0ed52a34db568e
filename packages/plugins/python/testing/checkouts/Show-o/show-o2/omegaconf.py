"""For tests: as much of omegaconf as its configuration takes."""

import yaml


class Node(dict):
    def __getattr__(self, name):
        return self[name]

    def __setattr__(self, name, value):
        self[name] = value


def _node(value):
    return Node({name: _node(part) for name, part in value.items()}) if isinstance(value, dict) else value


class OmegaConf:
    @staticmethod
    def load(path):
        with open(path, encoding="utf-8") as file:
            return _node(yaml.safe_load(file))
