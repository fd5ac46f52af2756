"""Settings survive the way to another process."""

from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from config.variables import LOG_LEVELS

WORDS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=12)
ENVIRONMENTS = st.fixed_dictionaries(
    {},
    optional={
        "DATABASE_OWNER_URL": WORDS.map("postgresql://{}.example/forbear".format),
        "FORBEAR_DATA_DIR": WORDS,
        "FORBEAR_LISTEN": st.integers(0, 65535).map("[::1]:{}".format),
        "FORBEAR_PUBLIC_URL": WORDS.map("https://{}.example/base/".format),
        "FORBEAR_MASTER_KEY_FILE": WORDS,
        "FORBEAR_POLICY_DIR": WORDS,
        "FORBEAR_LOG_LEVEL": st.sampled_from(LOG_LEVELS),
        "FORBEAR_SANDBOX": st.sampled_from(["on", "off"]),
        "FORBEAR_API_KEY": WORDS,
    },
)


@given(env=ENVIRONMENTS)
def test_a_child_process_has_the_settings_of_its_parent(env):
    """What a process reads from the environment that was written for it is what was written."""
    settings = Settings.from_env(env)
    assert isinstance(settings, Settings)
    assert Settings.from_env(settings.to_env()) == settings
