"""The Terraform examples: they parse, and what they say to a provider is what it takes. Nothing here runs Terraform: tests/terraform does."""

import json
import re

import hcl2
import pytest

from tools import DEPLOY, HERE, ROOT

EXAMPLES = DEPLOY / "terraform"
PROVIDERS = json.loads((HERE / "terraform-providers.json").read_text())
# Each resource by its name, as the sequences of the clients' tests have it.
RESOURCES = {path.stem: json.loads(path.read_text()) for path in (ROOT / "tests/clients/terraform").glob("*.json")}
# What hcl2 adds to a block, and what Terraform itself takes in any resource.
NOT_THE_PROVIDERS = {"__is_block__", "__comments__", "lifecycle"}

each_example = pytest.mark.parametrize("name", PROVIDERS)


def example(name):
    """The blocks of all files of an example, by their type."""
    blocks = {}
    for path in sorted((EXAMPLES / name).glob("*.tf")):
        with path.open() as file:
            parsed = hcl2.load(file)
        for kind, found in parsed.items():
            blocks.setdefault(kind, []).extend(found)
    return blocks


def inner(labelled, *labels):
    """The body of a block by its labels, which hcl2 leaves in their quotes."""
    for label in labels:
        labelled = labelled[f'"{label}"']
    return labelled


def labels_of(labelled):
    [label] = labelled.keys() - NOT_THE_PROVIDERS
    return label.strip('"')


def arguments(body):
    return body.keys() - NOT_THE_PROVIDERS


def test_there_is_an_example_for_each_provider_and_no_other():
    assert {path.name for path in EXAMPLES.iterdir()} == PROVIDERS.keys()


@each_example
def test_the_provider_takes_what_it_is_told(name):
    [block] = example(name)["provider"]
    body, told = inner(block, name), PROVIDERS[name]
    assert arguments(body) <= set(told["arguments"])
    for kind, known in told["blocks"].items():
        # A map, or a block that may be repeated.
        [within] = body[kind] if isinstance(body[kind], list) else [body[kind]]
        assert arguments(within) and arguments(within) <= set(known)


@each_example
def test_a_resource_has_arguments_that_its_schema_has_and_all_that_it_must(name):
    resources = example(name)["resource"]
    for block in resources:
        kind = labels_of(block)
        body = inner(block, kind, labels_of(inner(block, kind)))
        schema = RESOURCES[kind]["arguments"]
        settable = {argument for argument, says in schema.items() if says[0] in ("required", "optional")}
        required = {argument for argument, says in schema.items() if "required" in says}
        assert required <= arguments(body) <= settable, kind
    assert resources


@each_example
def test_outputs_read_attributes_that_the_resources_have(name):
    text = (EXAMPLES / name / "outputs.tf").read_text()
    kinds = "|".join(kind for kind in RESOURCES if kind.startswith(name))
    for kind, attribute in re.findall(rf"\b({kinds})\.\w+\.(\w+)", text):
        assert attribute in RESOURCES[kind]["arguments"]
    read = set(re.findall(r"\bpair\.(\w+)", text))
    listed = set(re.findall(rf"\b({kinds})\.\w+[,\]\n]", text))
    assert listed and all(read <= RESOURCES[kind]["arguments"].keys() for kind in listed)


@each_example
def test_every_variable_is_declared_and_used(name):
    declared = {labels_of(block) for block in example(name)["variable"]}
    texts = [path.read_text() for path in (EXAMPLES / name).glob("*.tf")]
    assert declared == {variable for text in texts for variable in re.findall(r"\bvar\.(\w+)", text)}


@each_example
def test_the_version_that_it_asks_for_is_the_one_whose_source_was_read(name):
    [terraform] = example(name)["terraform"]
    [required] = terraform["required_providers"]
    floor = required[name]["version"].strip('"').removeprefix("~> ").split(".")
    sources = [PROVIDERS[name]["source"]] + [it["source"] for kind, it in RESOURCES.items() if kind.startswith(name)]
    read = [re.search(rf"terraform-provider-{name} ([0-9.]+)", source)[1].rstrip(".").split(".") for source in sources]
    assert all(version[: len(floor)] == floor for version in read), (floor, read)


@each_example
def test_links_and_files_of_its_readme_are_there(name):
    readme = EXAMPLES / name / "README.md"
    for target in re.findall(r"\]\(([^)#]+)", readme.read_text()):
        assert (readme.parent / target).exists(), target
    assert f"-chdir=deploy/terraform/{name} apply" in readme.read_text()
