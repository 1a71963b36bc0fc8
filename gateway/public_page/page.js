(() => {
  const forms = [...document.querySelectorAll("form")];
  const buttons = forms.map((form) => form.querySelector("[type=submit]"));
  forms.forEach((form, at) => form.addEventListener("submit", () => {
    setTimeout(() => { buttons[at].disabled = true; }, 0);
  }));
  addEventListener("pageshow", () => buttons.forEach((button) => { button.disabled = false; }));
  const ask = document.querySelector(".locate"), told = document.getElementById("located");
  if (!ask || !navigator.geolocation || !isSecureContext) return;
  ask.hidden = false;
  ask.addEventListener("click", () => {
    told.textContent = "正在定位… Locating…";
    navigator.geolocation.getCurrentPosition((found) => {
      ask.form.longitude.value = found.coords.longitude.toFixed(6);
      ask.form.latitude.value = found.coords.latitude.toFixed(6);
      told.textContent = "已附上您的位置。 Your position will be sent.";
    }, () => {
      told.textContent = "没有取得位置，请用文字说明。 No position; please describe the place.";
    }, { enableHighAccuracy: true, timeout: 10000, maximumAge: 30000 });
  });
})();
