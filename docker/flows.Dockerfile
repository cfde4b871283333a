# The image in which flows run, as a process, a container instance or a pod. Built from the repository's root:
#   docker build -f docker/flows.Dockerfile --build-arg BASE=python:3.11-slim-bookworm@sha256:DIGEST -t flows .
# BASE has no default: name the base by the digest that your own registry mirrors and scans.
#checkov:skip=CKV_DOCKER_7:the builder names BASE by digest, which is stricter than a tag
ARG BASE
FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /srv/perennial
RUN python -m venv /opt/perennial
COPY requirements.lock ./
RUN /opt/perennial/bin/pip install --require-hashes --no-deps --requirement requirements.lock
COPY pyproject.toml README.md ./
COPY recipes recipes
COPY lifecycle lifecycle
COPY monitoring monitoring
COPY platforms platforms
COPY scoring scoring
COPY tasks tasks
COPY flows flows
COPY deployments deployments
COPY azureml_emulator azureml_emulator
RUN /opt/perennial/bin/pip install --no-deps --no-build-isolation --editable . \
    && /opt/perennial/bin/python -m compileall -q recipes flows tasks monitoring lifecycle platforms scoring deployments

FROM ${BASE}
RUN useradd --create-home --uid 10001 perennial
COPY --from=build /opt/perennial /opt/perennial
COPY --from=build --chown=perennial /srv/perennial /srv/perennial
COPY prefect.yaml /srv/perennial/
COPY workloads /srv/perennial/workloads
WORKDIR /srv/perennial
ENV PATH=/opt/perennial/bin:$PATH \
    PERENNIAL_ROOT=/srv/perennial \
    PERENNIAL_PYTHON=/opt/perennial/bin/python \
    PERENNIAL_STATE=/home/perennial/state \
    DO_NOT_TRACK=1 \
    MLFLOW_DISABLE_TELEMETRY=true \
    PREFECT_SERVER_ANALYTICS_ENABLED=false
USER 10001
# A flow's process lives as long as its run and is watched by Prefect, not by a port.
HEALTHCHECK NONE
CMD ["python", "-m", "flows"]
