"""The HTTP application: every route, behind the general rules."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from core import board_routes, config_routes, event_routes, log_routes, task_routes
from core.alarms import routes as alarm_routes
from core.answers import tell_fault, tell_http_error, tell_service_error, tell_validation_error
from core.api_docs import docs_routes
from core.bioreactor import routes as bioreactor_routes
from core.calibrations import routes as calibration_routes
from core.calibrations.sessions import routes as session_routes
from core.descriptors import routes as descriptor_routes
from core.dry_run import routes as dry_run_routes
from core.errors import ServiceError
from core.estimators import routes as estimator_routes
from core.exclusive import InProgressError, tell_in_progress
from core.experiment_export import routes as export_routes
from core.experiments import annotation_routes, history_routes, recorded_routes
from core.experiments import routes as experiment_routes
from core.front_door import FrontDoor
from core.hardware import routes as hardware_routes
from core.jobs import interrupted_routes
from core.jobs import routes as job_routes
from core.mqtt import routes as mqtt_routes
from core.openapi import openapi_route
from core.plugins import routes as plugin_routes
from core.plugins.plugin_routes import to_plugins
from core.profiles import routes as profile_routes
from core.security import Gate, allowed_names
from core.service import Service
from core.system import access_routes, archive_routes, file_routes, host_routes, power_routes, update_routes
from core.system import routes as system_routes
from core.traceability import key_routes, push_routes, record_routes
from core.traceability.api import make_record_app
from core.version import VERSION

_ROUTERS = (
    system_routes.router,
    access_routes.router,
    power_routes.router,
    file_routes.router,
    host_routes.router,
    archive_routes.router,
    update_routes.router,
    config_routes.router,
    job_routes.router,
    interrupted_routes.router,
    # Before the calibrations: there, `sessions` would be a device.
    session_routes.router,
    calibration_routes.router,
    estimator_routes.router,
    board_routes.router,
    task_routes.router,
    event_routes.router,
    experiment_routes.router,
    history_routes.router,
    export_routes.router,
    recorded_routes.router,
    annotation_routes.router,
    log_routes.router,
    alarm_routes.router,
    mqtt_routes.router,
    bioreactor_routes.router,
    hardware_routes.router,
    descriptor_routes.router,
    plugin_routes.router,
    key_routes.router,
    push_routes.router,
    record_routes.router,
    profile_routes.router,
    dry_run_routes.router,
)


def make_app(service: Service) -> ASGIApp:
    """Return the application that answers for a running service."""
    app = FastAPI(
        title="Vialdesk unit API",
        version=VERSION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.service = service
    for router in _ROUTERS:
        app.router.routes.extend(router.routes)
    app.router.routes.append(openapi_route(tuple(app.router.routes)))
    app.router.routes.extend(docs_routes())
    app.router.routes.append(to_plugins(service.plugins))
    app.add_exception_handler(ServiceError, tell_service_error)
    app.add_exception_handler(InProgressError, tell_in_progress)
    app.add_exception_handler(RequestValidationError, tell_validation_error)
    app.add_exception_handler(HTTPException, tell_http_error)
    app.add_exception_handler(Exception, tell_fault)
    gate = Gate(allowed_names(service.unit, service.config.text("http", "allowed_hosts")), service.access)
    return FrontDoor(app, app.router.routes, gate, service.records, make_record_app(service.unit_record))
