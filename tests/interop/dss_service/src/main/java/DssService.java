import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.type.TypeFactory;
import com.fasterxml.jackson.jakarta.rs.json.JacksonJsonProvider;
import com.fasterxml.jackson.module.jakarta.xmlbind.JakartaXmlBindAnnotationIntrospector;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.ws.validation.common.RemoteDocumentValidationService;
import eu.europa.esig.dss.ws.validation.rest.RestDocumentValidationServiceImpl;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import org.apache.cxf.jaxrs.JAXRSServerFactoryBean;

/** EU DSS behind its REST interface on a loopback port: {@code DssService PORT ANCHOR.pem...}; nothing outside is asked. */
public final class DssService {
  private DssService() {}

  public static void main(String[] arguments) throws Exception {
    CommonTrustedCertificateSource anchors = new CommonTrustedCertificateSource();
    for (int each = 1; each < arguments.length; each++) {
      try (InputStream stream = Files.newInputStream(Path.of(arguments[each]))) {
        CertificateFactory.getInstance("X.509").generateCertificates(stream)
            .forEach(found -> anchors.addCertificate(new CertificateToken((X509Certificate) found)));
      }
    }
    CommonCertificateVerifier verifier = new CommonCertificateVerifier();
    verifier.setTrustedCertSources(anchors);
    verifier.setAIASource(null);
    RemoteDocumentValidationService validation = new RemoteDocumentValidationService();
    validation.setVerifier(verifier);
    RestDocumentValidationServiceImpl service = new RestDocumentValidationServiceImpl();
    service.setValidationService(validation);

    ObjectMapper mapper = new ObjectMapper();
    mapper.setAnnotationIntrospector(new JakartaXmlBindAnnotationIntrospector(TypeFactory.defaultInstance()));
    JAXRSServerFactoryBean server = new JAXRSServerFactoryBean();
    server.setAddress("http://127.0.0.1:" + arguments[0] + "/services/rest/validation");
    server.setServiceBean(service);
    server.setProvider(new JacksonJsonProvider(mapper));
    server.create();
    System.out.println("ready");
    Thread.currentThread().join();
  }
}
