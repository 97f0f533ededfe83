"""The chart's manifests: what the schemas of Kubernetes and KEDA ask, and our own rules."""

import json
import re

import jsonschema
import pytest
import yaml

from deploy.helm.workers import write
from deploy.make_secrets import make_secrets
from deploy.nats.permissions import TARGET
from seedbed import __version__
from seedbed.cli.stack.broker.users import WORKERS, users
from seedbed.kernel.bus.streams import WORK, consumer_name
from seedbed.kernel.settings import load_settings
from seedbed.pipeline.items import EVALUATION
from seedbed.pipeline.items import TRAINING_PHASE as TRAINING
from seedbed.pipeline.kinds import role_of
from tests.deploy.callers import takers_of_folders
from tests.deploy.charts import CHART, ChartError, faults, lint, of_kind, pod_of, render

ELSEWHERE = ('teacher.url="https://llm.example.org/v1"',)
ALL = (
    "vllm.enabled=true",
    "services.evaluator.enabled=true",
    "services.trainer.enabled=true",
    'hubSecret="hub"',
    'otlpEndpoint="http://collector.monitoring:4318"',
    "tls.enabled=true",
    "tls.mutual=true",
    'autoscaling.prometheus="http://prometheus.monitoring:9090"',
    'networkPolicy.callers=[{"namespaceSelector":{"matchLabels":{"team":"lab"}}}]',
    'image.digests={"judge":"sha256:' + "0" * 64 + '"}',
)
VARIANTS = {
    "elsewhere": ELSEWHERE,
    "all": ALL,
    "alone": (*ELSEWHERE, "nats.replicas=1", "autoscaling.enabled=false", "networkPolicy.enabled=false"),
}


@pytest.fixture(scope="module", params=VARIANTS)
def manifests(request, packages):
    return render(packages, *VARIANTS[request.param])


@pytest.fixture(scope="module")
def whole(packages):
    return render(packages, *ALL)


def pods(manifests):
    kinds = ("Deployment", "StatefulSet", "ScaledJob")
    return {name: made for kind in kinds for name, made in of_kind(manifests, kind).items()}


def environment_of(manifest):
    given = pod_of(manifest)["spec"]["containers"][0].get("env", ())
    return {one["name"]: one["value"] for one in given if "value" in one}


def test_helm_finds_nothing_against_it(packages):
    assert "0 chart(s) failed" in lint(packages, *ELSEWHERE)


def test_every_manifest_is_what_its_schema_says(manifests, packages):
    assert len(manifests) > 20
    assert [fault for manifest in manifests for fault in faults(packages, manifest)] == []


def test_a_manifest_with_a_slip_is_found(whole, packages):
    scaled = json.loads(json.dumps(of_kind(whole, "ScaledObject")["judge"]))
    scaled["spec"]["maxReplicas"] = 3
    assert any("maxReplicas" in fault for fault in faults(packages, scaled))
    deployed = json.loads(json.dumps(of_kind(whole, "Deployment")["judge"]))
    deployed["spec"]["template"]["spec"]["containers"][0]["readinessProb"] = {}
    assert any("readinessProb" in fault for fault in faults(packages, deployed))
    job = json.loads(json.dumps(of_kind(whole, "ScaledJob")["trainer-errand"]))
    pod_of(job)["spec"]["restartPolcy"] = "Never"
    assert any("restartPolcy" in fault for fault in faults(packages, job))


def test_the_values_are_what_their_schema_says_and_every_one_is_described():
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    jsonschema.Draft202012Validator(schema).validate(values)
    assert set(values) == set(schema["properties"]) - {"global"}


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("nats.replicas=2", "replicas"),
        ('nats.image="nats:latest"', "image"),
        ("services.judge.slots=0", "slots"),
        ("services.judge.minReplicas=0", "minReplicas"),
        ("services.trainer.work.slots=2", "slots"),
        ("servces={}", "servces"),
        ('store.url="/folder"', "store"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(packages, value, named):
    with pytest.raises(ChartError, match=named):
        render(packages, *ELSEWHERE, value)


def test_a_stack_without_a_teacher_is_refused(packages):
    with pytest.raises(ChartError, match=r"teacher\.url"):
        render(packages)


def test_pods_are_nobody_s_and_can_do_nothing_more(manifests):
    accounts = of_kind(manifests, "ServiceAccount")
    for component, manifest in pods(manifests).items():
        pod = pod_of(manifest)["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["serviceAccountName"] == accounts[component]["metadata"]["name"]
        assert accounts[component]["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC"))
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert "memory" in container["resources"]["limits"]
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
            assert re.search(r":[\w.-]+$|@sha256:[0-9a-f]{64}$", container["image"])


def test_each_may_be_moved_one_pod_at_a_time(manifests):
    budgets = of_kind(manifests, "PodDisruptionBudget")
    # A job is not counted by one: what it has in hand it saves and hands back.
    assert set(budgets) == set(pods(manifests)) - set(of_kind(manifests, "ScaledJob"))
    for component, budget in budgets.items():
        assert budget["spec"]["maxUnavailable"] == 1
        labels = pod_of(pods(manifests)[component])["metadata"]["labels"]
        assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_a_pod_has_longer_to_stop_than_its_service_takes(manifests):
    for manifest in pods(manifests).values():
        pod = pod_of(manifest)["spec"]
        patience = pod["terminationGracePeriodSeconds"]
        assert patience > int(environment_of(manifest).get("SEEDBED_GRACE", 0))
        for word in pod["containers"][0].get("args", ()):
            if word.startswith("--shutdown-timeout="):
                assert patience > int(word.partition("=")[2])


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_service_knows_its_settings_and_finds_its_secrets(packages, variant, tmp_path):
    make_secrets(tmp_path / "secrets")
    for component, manifest in pods(render(packages, *VARIANTS[variant])).items():
        if component in ("vllm", "nats"):
            continue
        pod = pod_of(manifest)["spec"]
        [volume] = [volume for volume in pod["volumes"] if volume["name"] == "secrets"]
        given = {item["path"] for item in volume["secret"]["items"]}
        environment = environment_of(manifest)
        read = {
            value.removeprefix("/run/secrets/") for value in environment.values() if "/run/secrets" in value
        }
        assert read == given
        told = {
            key: value.replace("/run/secrets", f"{tmp_path}/secrets") for key, value in environment.items()
        }
        assert load_settings(told).nats_user == component.removesuffix("-errand")


def test_probes_go_through_the_service_where_certificates_are_asked_for(packages):
    for variant, kind in ((ELSEWHERE, "grpc"), (ALL, "exec")):
        container = pod_of(of_kind(render(packages, *variant), "Deployment")["runs"])["spec"]["containers"][0]
        assert kind in container["livenessProbe"]


def test_nothing_is_let_through_but_what_is_named(whole):
    policies = of_kind(whole, "NetworkPolicy")
    everything = policies.pop("all")["spec"]
    assert everything["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in everything
    assert {port["port"] for rule in everything["egress"] for port in rule["ports"]} == {53}
    assert set(policies) == set(pods(whole))
    for component, policy in policies.items():
        labels = pod_of(pods(whole)[component])["metadata"]["labels"]
        assert everything["podSelector"]["matchLabels"].items() <= labels.items()
        assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
        assert bool(policy["spec"]["ingress"]) != component.endswith("-errand")
        for rule in policy["spec"]["ingress"]:
            assert rule["from"], component
        for rule in (*policy["spec"]["ingress"], *policy["spec"]["egress"]):
            assert rule["ports"], component


def test_who_works_reaches_the_broker_and_nobody_else_does(whole):
    [clients] = [
        rule
        for rule in of_kind(whole, "NetworkPolicy")["nats"]["spec"]["ingress"]
        if rule["ports"] == [{"port": 4222, "protocol": "TCP"}]
    ]
    label = "app.kubernetes.io/component"
    named = {peer["podSelector"]["matchLabels"][label] for peer in clients["from"]}
    assert named == set(pods(whole)) - {"vllm", "nats"}


def test_each_step_is_scaled_by_its_own_lag(whole):
    scaled = of_kind(whole, "ScaledObject")
    for worker in WORKERS:
        if worker.name == "evaluator":
            continue
        spec = scaled[worker.name]["spec"]
        assert spec["scaleTargetRef"]["name"] == of_kind(whole, "Deployment")[worker.name]["metadata"]["name"]
        found = [trigger["metadata"] for trigger in spec["triggers"]]
        assert [trigger["consumer"] for trigger in found] == [consumer_name(step) for step in worker.steps]
        assert {(trigger["account"], trigger["stream"]) for trigger in found} == {("SEEDBED", WORK)}
        # Another comes when there is more than one may have in hand.
        slots = environment_of(of_kind(whole, "Deployment")[worker.name])["SEEDBED_SLOTS"]
        assert {trigger["lagThreshold"] for trigger in found} == {slots}
        assert spec["minReplicaCount"] >= 1
        assert "replicas" not in of_kind(whole, "Deployment")[worker.name]["spec"]


@pytest.mark.parametrize(("service", "step"), [("trainer", TRAINING), ("evaluator", EVALUATION)])
def test_what_wants_a_gpu_is_a_job_that_comes_when_something_is_queued(whole, service, step):
    desk = of_kind(whole, "Deployment")[service]
    errand = of_kind(whole, "ScaledJob")[f"{service}-errand"]
    assert environment_of(desk)["SEEDBED_DUTY"] == "desk"
    assert environment_of(errand)["SEEDBED_DUTY"] == "errand"
    assert desk["spec"]["replicas"] == 1
    assert "nvidia.com/gpu" not in pod_of(desk)["spec"]["containers"][0]["resources"]["limits"]
    assert pod_of(errand)["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert pod_of(errand)["spec"]["restartPolicy"] == "Never"
    spec = errand["spec"]
    assert spec["minReplicaCount"] == 0
    [trigger] = [trigger["metadata"] for trigger in spec["triggers"]]
    assert (trigger["consumer"], trigger["lagThreshold"]) == (consumer_name(step), "1")
    # Its lag counts what is in hand as well; `accurate` would start another job for that.
    assert spec["scalingStrategy"] == {"strategy": "default"}
    # The desk's Service leads nobody to a pod that answers nobody.
    selector = of_kind(whole, "Service")[service]["spec"]["selector"]
    assert selector.items() <= pod_of(desk)["metadata"]["labels"].items()
    assert not selector.items() <= pod_of(errand)["metadata"]["labels"].items()


def test_without_keda_one_pod_does_both(packages):
    manifests = render(packages, *ALL, "autoscaling.enabled=false")
    assert of_kind(manifests, "ScaledJob") == {}
    for service in ("trainer", "evaluator"):
        deployed = of_kind(manifests, "Deployment")[service]
        assert "SEEDBED_DUTY" not in environment_of(deployed)
        assert pod_of(deployed)["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == 1


def test_who_fetches_models_has_the_hub_s_token_and_its_way_there(packages):
    manifests = render(packages, *ALL, 'networkPolicy.hub=[{"ports":[{"port":8443,"protocol":"TCP"}]}]')
    told = {
        component: {one["name"] for one in pod_of(manifest)["spec"]["containers"][0].get("env", ())}
        for component, manifest in pods(manifests).items()
    }
    fetching = {name for name in told if "HF_TOKEN" in told[name]}
    assert fetching == {"vllm", "trainer", "trainer-errand", "evaluator", "evaluator-errand"}
    policies = of_kind(manifests, "NetworkPolicy").items()
    assert {name for name, policy in policies if "8443" in str(policy)} == fetching


def test_callers_are_not_trusted_by_default(whole):
    deployed = of_kind(whole, "Deployment")
    ours = {name: environment_of(one) for name, one in deployed.items() if "SEEDBED_NATS_USER" in str(one)}
    assert takers_of_folders() <= set(ours)
    for name, told in ours.items():
        asked = {"SEEDBED_TRUST_CALLERS": told["SEEDBED_TRUST_CALLERS"]}
        assert load_settings(asked).trust_callers is False, name


def test_a_desk_sees_no_key_and_asks_no_model(whole):
    told = environment_of(of_kind(whole, "Deployment")["evaluator"])
    assert [name for name in told if "API_KEY" in name] == []
    label = "app.kubernetes.io/component"
    [models] = of_kind(whole, "NetworkPolicy")["vllm"]["spec"]["ingress"]
    named = {peer["podSelector"]["matchLabels"][label] for peer in models["from"]}
    assert named == {"knowledge", "skills", "judge", "evaluator-errand"}


def test_vllm_is_woken_by_what_waits_for_it(whole):
    spec = of_kind(whole, "ScaledObject")["vllm"]["spec"]
    assert spec["minReplicaCount"] == 0
    lags = {t["metadata"]["consumer"] for t in spec["triggers"] if t["type"] == "nats-jetstream"}
    asking = {step for worker in WORKERS for step in worker.steps if role_of(step)}
    assert lags == {consumer_name(step) for step in asking}
    [own] = [t["metadata"] for t in spec["triggers"] if t["type"] == "prometheus"]
    assert own["query"] == 'sum(vllm:num_requests_waiting{model_name="teacher"})'


def test_the_values_name_the_steps_of_each_worker():
    values = (CHART / "values.yaml").read_text()
    assert write(values) == values, "run `python deploy/helm/workers.py`"


def test_a_step_that_is_new_or_gone_is_written_into_the_values():
    values = (CHART / "values.yaml").read_text()
    other = values.replace("[skills.context, skills.instruct, skills.respond]", "[skills.gone]")
    assert other != values
    assert write(other) == values


def test_the_chart_s_copies_are_what_they_are_copies_of():
    assert (CHART / "files" / "users.conf").read_text() == TARGET.read_text()
    assert (CHART / "files" / "start.sh").read_text() == TARGET.with_name("start.sh").read_text()
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == __version__


def test_the_broker_gets_every_user_s_password(whole):
    [volume] = [
        v for v in pod_of(of_kind(whole, "StatefulSet")["nats"])["spec"]["volumes"] if v["name"] == "secrets"
    ]
    named = {item["key"] for item in volume["secret"]["items"]}
    assert named == {f"nats_password_{user.name}" for user in users()}
